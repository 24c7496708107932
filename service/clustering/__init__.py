"""The archive on an OpenSearch cluster, as the service sees it.

`settings` says where the cluster is and who asks. `following` is to web workers what `service.following` is for a data
folder; `told` what readers are told when the cluster does not answer. `migrating` moves an archive there.
"""
