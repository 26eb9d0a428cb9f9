"""Running the program again on the latents of a database."""
