"""Rebuild the bundled `b2b_saas` tables: python generate_b2b_saas.py OUTPUT_FOLDER

Needs `pip install leadforge==1.0.0` (which brings pandas and pyarrow).
"""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from leadforge.api import Generator
from leadforge.render.relational import to_dataframes

RECIPE = "b2b_saas_procurement_v1"
SETTINGS = {
    "seed": 42,
    "difficulty": "intermediate",
    # All nine tables over the full 90 days. The other mode, "student_public",
    # simulates the same world but hides the outcomes and everything after day 30.
    "exposure_mode": "research_instructor",
    "n_accounts": 1500,
    "n_contacts": 4200,
    "n_leads": 5000,
}
SMALL_INTS = {  # every other column is text
    "page_views": pa.int16(),
    "pricing_page_views": pa.int16(),
    "demo_page_views": pa.int16(),
    "session_duration_seconds": pa.int32(),
    "estimated_acv": pa.int32(),
}
TRUTH_VALUES = ("is_sql", "converted_within_90_days")


def column_type(name):
    if name in TRUTH_VALUES:
        return pa.bool_()
    return SMALL_INTS.get(name, pa.string())


def build(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    world = Generator.from_recipe(RECIPE, **SETTINGS).generate()
    frames = to_dataframes(world.simulation_result, world.population)
    for name, frame in frames.items():
        schema = pa.schema([(column, column_type(column)) for column in frame.columns])
        table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
        pq.write_table(
            table.replace_schema_metadata(None),
            folder / f"{name}.parquet",
            compression="zstd",
            compression_level=19,
        )
        print(f"{name}: {table.num_rows} rows")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build(sys.argv[1])
