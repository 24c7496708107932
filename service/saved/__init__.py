"""Saved searches: questions that an archive's keeper gave a name and an id that stays.

`searches` says what one is and reads it, `file` keeps them in the data folder, `resources` answers by HTTP, `topic`
turns one into a rule of a topic. The commands are `service.commands.searches`.
"""
