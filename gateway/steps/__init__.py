"""The steps of the pipeline's stages, and what they share."""
