"""What of HTML is kept: tags, and which attributes of them. Everything else is taken away."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = words(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd "
    "del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins "
    "kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup "
    "table tbody td tfoot th thead time tr tt u ul var wbr"
)
DROPPED = words(
    "script style title svg math iframe frame frameset noframes noembed object embed applet template "
    "select textarea audio video canvas map noscript"
)
_TABLE = words("align valign width height bgcolor colspan rowspan cellpadding cellspacing border")
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"style", "dir", "lang", "align", "hidden"},  # what is hidden is taken out, not shown
    "a": {"href", "title", "class"},
    "img": {"src", "alt", "width", "height", "data-cid", "data-src"},
    "font": {"color", "size", "face"},
    "ol": {"start", "type"},
    "li": {"value"},
    "p": {"class"},
    **{tag: set(_TABLE) for tag in ("table", "tbody", "thead", "tfoot", "tr", "td", "th", "col", "colgroup")},
}
