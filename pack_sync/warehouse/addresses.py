"""How the addresses of lakes begin."""

LAKE = "ducklake:"
"""What follows is the address of the catalogue, as DuckLake takes it."""

POSTGRES = "postgres:"
SQLITE = "sqlite:"
