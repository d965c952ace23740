"""The web: one module per resource; a handler looks up through the viewer, calls one verb, answers."""
