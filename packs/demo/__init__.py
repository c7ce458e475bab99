"""The demo pack and the little API it syncs from."""
