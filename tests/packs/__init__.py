"""The packs that come with the library: how faithful they are, and what official clients say."""
