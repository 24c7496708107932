"""`dateline doctor`: looks at everything around an archive that makes a service fail, or unsafe, and says what to do.

`findings` has the values: what is sound, and what was found wrong, why that matters, the command that mends it.
`patient` is what is looked at. Each of the other modules has the checks of one area, functions from a patient to
findings: `settings_checks`, `permissions`, `disk`, `indexes`, `machine`; `address` asks a public address instead.
`examination` puts them in order. Nothing is changed, and what is tried out on the disk is removed again.
"""
