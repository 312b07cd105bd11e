"""The design system: functions from words and Vars to components.

Class names and behaviours are in `assets/ui.css`, `assets/operator.css` and `assets/ui.js`. Nothing here knows a
State, fetches data or owns a sentence of a page; labels come in already translated.
"""
