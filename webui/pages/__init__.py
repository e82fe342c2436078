"""One module, one template and one frozen View per page.

A module reads rows, a pure function makes its View of them, and a template prints the View, the
only variable it gets: `page`.  Forms post to the page that shows them.  What is drawn again while
a page is open is a file below the page's folder in `templates/`, and a route below the page.
"""
