"""The desk: index films, train, evaluate. Needs Keras; the edge never imports it."""
