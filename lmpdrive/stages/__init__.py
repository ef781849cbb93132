"""The stages of the pipeline, one file each, named by its verb."""
