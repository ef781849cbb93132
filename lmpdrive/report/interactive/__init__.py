"""`interactive.html`: figures to zoom and hover over (plotly.js), and the trajectory in three dimensions (3Dmol.js).

One file that opens offline: both libraries are inside it.  plotly.js comes from the Python package plotly (the extra
`interactive`), 3Dmol.js lies here with its licence.
"""
