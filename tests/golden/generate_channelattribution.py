"""Removal effects and transitions by ChannelAttribution, whose chains are simulated, of the paths that come with it.

python tests/golden/generate_channelattribution.py DATA.csv (ChannelAttribution 2.2.5)
"""

import json
import sys
from pathlib import Path

import pandas as pd
from ChannelAttribution import markov_model


def main() -> None:
    """Write channelattribution.json."""
    paths = pd.read_csv(sys.argv[1], sep=";")
    found = {}
    for order in (1, 2, 3):
        result = markov_model(
            paths,
            "path",
            "total_conversions",
            var_value="total_conversion_value",
            var_null="total_null",
            order=order,
            nsim_start=1_000_000,
            seed=1,
            out_more=True,
            verbose=False,
        )
        credits = result["result"]
        found[str(order)] = {
            "conversions": dict(zip(credits["channel_name"], credits["total_conversions"], strict=True)),
            "value": dict(zip(credits["channel_name"], credits["total_conversion_value"], strict=True)),
        }
    file = Path(__file__).parent / "channelattribution.json"
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
