"""Word to people when the mirror needs them: one when trouble begins, one when it is over.

`conditions` decides what is wrong (pure), `watch` remembers what was told, `channels` tell it.
"""
