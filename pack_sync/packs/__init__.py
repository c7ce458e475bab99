"""Packs that come with the library, a folder each, for `pack: NAME` in a `defs.yaml`.

A project's own pack of the same name in its folder `packs/` is used instead; `packsync copy NAME`
makes one. So a pack imports nothing but `pack_sdk` and, by relative imports, its own modules.
"""
