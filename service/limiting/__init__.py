"""What keeps strangers from hurting the service: how often they may ask, and how long they may keep it waiting.

`rates` says how often is too often; `limiter` counts it, exactly, for all workers together; `addresses` says who asks;
`requests` applies both to every request. `connections` and `worker` keep slow clients and floods away from the threads
that answer. What a single question may cost is bounded elsewhere: `service.params`, `search.syntax`, `search.budget`.
"""
