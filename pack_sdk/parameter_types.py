"""The types of parameters (contract, section P)."""

from enum import StrEnum


class ParameterType(StrEnum):
    """The type of a parameter's value; the array types hold a list of it."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    HTML = "html"
    IMAGE = "image"
    FILE = "file"
    MARKDOWN = "markdown"
    EMAIL = "email"
    STRING_ARRAY = "stringArray"
    NUMBER_ARRAY = "numberArray"
    BOOLEAN_ARRAY = "booleanArray"
    DATE_ARRAY = "dateArray"
    HTML_ARRAY = "htmlArray"
    IMAGE_ARRAY = "imageArray"
    FILE_ARRAY = "fileArray"
    MARKDOWN_ARRAY = "markdownArray"
    EMAIL_ARRAY = "emailArray"
    SPARSE_STRING_ARRAY = "sparseStringArray"
    SPARSE_NUMBER_ARRAY = "sparseNumberArray"
    SPARSE_BOOLEAN_ARRAY = "sparseBooleanArray"
    SPARSE_DATE_ARRAY = "sparseDateArray"
    SPARSE_HTML_ARRAY = "sparseHtmlArray"
    SPARSE_IMAGE_ARRAY = "sparseImageArray"
    SPARSE_FILE_ARRAY = "sparseFileArray"
    SPARSE_MARKDOWN_ARRAY = "sparseMarkdownArray"
    SPARSE_EMAIL_ARRAY = "sparseEmailArray"

    @property
    def is_array(self) -> bool:
        """Whether the value is a list."""
        return self.value.endswith("Array")

    @property
    def is_sparse(self) -> bool:
        """Whether the list may hold None."""
        return self.value.startswith("sparse")

    @property
    def element(self) -> "ParameterType":
        """The type of one element of an array; the type itself otherwise."""
        name = self.value.removesuffix("Array").removeprefix("sparse")
        return ParameterType(name.lower())
