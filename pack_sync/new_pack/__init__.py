"""Beginning a pack: what an API's answers or its specification tell, and the files made of it.

`answers` and `specifications` find out; `code` writes. What passes between them is `draft.py`.
"""
