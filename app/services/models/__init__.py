"""Models and their servers: finding, listing, downloading, keys, and what is shown of them."""
