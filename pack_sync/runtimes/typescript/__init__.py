"""Packs in TypeScript: built once, run in a Deno child process without any permission."""
