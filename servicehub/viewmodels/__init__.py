"""What screens show: frozen values, already written in the viewer's language. One module a face."""
