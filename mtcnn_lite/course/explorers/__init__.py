"""Interactive views for the notebooks: one file a chapter, on one shared canvas. Needs the extra `lab`."""
