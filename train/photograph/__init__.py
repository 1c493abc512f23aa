"""A simulator of photographs of films: on a light box or a monitor, through a lens, onto a sensor."""
