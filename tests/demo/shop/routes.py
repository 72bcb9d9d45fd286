"""What the service answers: a function a route, from a request to JSON."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from shop.cache import SESSIONS, find_session, log_in
from shop.catalogue import PRODUCTS
from shop.errors import RequestError
from shop.orders import check_out
from shop.plugins import Discounts, Plugin

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Request:
    """What a route may look at."""

    token: str | None
    body: dict[str, Any]

    def field(self, name: str, expected: type) -> Any:
        """Give a field of the body.

        Raises
        ------
        RequestError
            If it is missing or of another type.
        """
        value = self.body.get(name)
        if not isinstance(value, expected):
            raise RequestError(
                HTTPStatus.BAD_REQUEST, f"{name!r} is {value!r}, expected {expected.__name__}"
            )
        return value


def health(_request: Request) -> dict[str, Any]:
    """Tell that the service is up, and how full it is."""
    return {"status": "ok", "sessions": len(SESSIONS), "plugins": len(Plugin.registry)}


def products(_request: Request) -> dict[str, Any]:
    """List the catalogue."""
    return {"products": [{"name": each.name, "cents": each.cents} for each in PRODUCTS.values()]}


def log_user_in(request: Request) -> dict[str, Any]:
    """Open a session; its token goes into the header ``X-Session`` from now on."""
    session = log_in(request.field("user", str))
    return {"user": session.user, "token": session.token, "preferences": session}


def add_to_cart(request: Request) -> dict[str, Any]:
    """Put a product into the session's cart."""
    session = find_session(request.token)
    name = request.field("product", str)
    if name not in PRODUCTS:
        raise RequestError(HTTPStatus.NOT_FOUND, f"no product is called {name!r}")
    session.cart.append(PRODUCTS[name])
    return {"cart": [product.name for product in session.cart]}


def order(request: Request) -> dict[str, Any]:
    """Buy what is in the cart."""
    bought = check_out(find_session(request.token), request.field("card", str))
    return {"order": bought.number, "cents": bought.cents}


def start_campaign(request: Request) -> dict[str, Any]:
    """Give discounts, and tell the new prices."""
    discounts = Discounts(request.field("percent", int))
    return {"prices": {name: discounts.price(product) for name, product in PRODUCTS.items()}}


ROUTES: Final[dict[tuple[str, str], Callable[[Request], dict[str, Any]]]] = {
    ("GET", "/health"): health,
    ("GET", "/products"): products,
    ("POST", "/sessions"): log_user_in,
    ("POST", "/cart"): add_to_cart,
    ("POST", "/orders"): order,
    ("POST", "/campaigns"): start_campaign,
}
