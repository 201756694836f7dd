"""How a forecast looks."""

from __future__ import annotations

import typer

from crossfade_shared.client.answers import Forecast
from crossfade_shared.commands.printing import percent, print_table, tokens


def show_forecast(forecast: Forecast, *, err: bool = False) -> None:
    """Print where a mixture leads to, and what that runs into."""
    rows = [
        (
            source["name"],
            percent(source["weight"]),
            tokens(source["tokens_at_end"]),
            f"{source['epochs_at_end']:.2f} of {source['max_epochs']:g}",
            percent(source["mean_token_value"]),
            "-" if source["cap_binds_at_tokens"] is None else f"at {tokens(source['cap_binds_at_tokens'])}",
        )
        for source in forecast["sources"]
    ]
    print_table(("source", "weight", "tokens at end", "epochs at end", "token value", "cap binds"), rows, err=err)
    for warned in forecast["warnings"]:
        typer.echo(f"warning: {warned['message']}", err=err)
