"""How static files are named: by their content, also where one of our scripts imports another."""

from __future__ import annotations

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

OUR_IMPORTS = (
    "js/*.js",
    (
        (
            r"""(?P<matched>import(?P<names>\s*\{[^}]*\})\s*from\s*["'](?P<url>\./[^"']+)["'];)""",
            """import%(names)s from "%(url)s";""",
        ),
    ),
)


class HashedFiles(CompressedManifestStaticFilesStorage):
    """Imports between our scripts get the hashed name too.

    Otherwise a script that both a page and another script load runs twice, and every listener with it: a form's guard
    against a second press then stops the first one. Scripts of installed packages are left as they are.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, OUR_IMPORTS)

    def create_compressor(self, **options: Any) -> Compressor:
        """Without Brotli, which is there only when some other package brought it, and takes most of a minute at each start."""
        return Compressor(use_brotli=False, **options)
