from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Frame",
    "Journeys",
    "Model",
    "Snapshot",
    "__version__",
    "attribution",
    "barriers",
    "build_profile",
    "calibration_table",
    "canonical_text",
    "compare_groups",
    "compare_rates",
    "compare_scores",
    "drivers",
    "evaluate",
    "fit_logistic",
    "funnel",
    "funnel_leads",
    "infer_logistic",
    "lift_table",
    "metric",
    "paths",
    "precision_at",
    "predict_logistic",
    "read_config",
    "replace_file",
    "report_page",
    "run_program",
    "seen_levels",
    "stage_funnel",
    "time_to",
    "validate_logistic",
]

__version__: str
build_profile: str

_Progress = Callable[[str, int, int], object]

@final
class Frame:
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any) -> Self: ...
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    def __len__(self) -> int: ...

@final
class Journeys:
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any) -> Self: ...
    @staticmethod
    def build(
        config: str, tables: dict[str, tuple[str, Any]], base: str | Path, progress: _Progress | None = None
    ) -> Journeys: ...
    @staticmethod
    def open(path: str | Path) -> tuple[Journeys, str]: ...
    def save(self, path: str | Path, config: str, overwrite: bool, progress: _Progress | None = None) -> None: ...
    def extend(
        self,
        config: str,
        events: str,
        stages: str,
        tables: dict[str, tuple[str, Any]],
        base: str | Path,
        progress: _Progress | None = None,
    ) -> tuple[Journeys, str]: ...
    def audit(self) -> str: ...
    def check_text(self) -> str: ...
    def check_frame(self) -> Frame: ...
    def show(self, lead: str) -> Frame: ...
    def describe(self) -> str: ...
    def facts(self) -> str: ...
    def snapshot(
        self,
        spec: str,
        features: str,
        cutoffs: tuple[dict[str, tuple[str, Any]], str] | None = None,
        progress: _Progress | None = None,
    ) -> Snapshot: ...

@final
class Snapshot:
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any) -> Self: ...
    def __len__(self) -> int: ...
    def counts(self) -> str: ...
    def text(self) -> str: ...
    @property
    def base_rate(self) -> float | None: ...
    @property
    def has_label(self) -> bool: ...
    def remarks(self) -> list[str]: ...
    def suspects(self) -> list[str]: ...
    def features(self) -> list[str]: ...
    def frame(self, progress: _Progress | None = None) -> Frame: ...
    def split(self, test: float, by: str, seed: int) -> tuple[Snapshot, Snapshot]: ...

@final
class Model:
    @staticmethod
    def train(snapshot: Snapshot, options: str, progress: _Progress | None = None) -> Model: ...
    @staticmethod
    def load(path: str) -> Model: ...
    @staticmethod
    def from_json(text: str) -> Model: ...
    def to_json(self) -> str: ...
    def save(self, path: str) -> None: ...
    def score(
        self, snapshot: Snapshot, reasons: int, allow_extrapolation: bool, progress: _Progress | None = None
    ) -> Frame: ...
    def scores_about(self, snapshot: Snapshot) -> tuple[str, str]: ...
    def score_row(self, values: Sequence[object], reasons: int) -> tuple[float, list[tuple[str, float]]]: ...
    def features(self) -> list[str]: ...
    def explain(self, snapshot: Snapshot, progress: _Progress | None = None) -> Frame: ...
    def evaluate(
        self, snapshot: Snapshot, by: str | None, top: list[int], progress: _Progress | None = None
    ) -> tuple[str, str, Frame, Frame, Frame]: ...
    def compare(
        self, other: Model, snapshot: Snapshot, top: list[int], progress: _Progress | None = None
    ) -> tuple[str, str, Frame]: ...
    def terms(self, references: dict[str, str]) -> Frame: ...
    def training(self) -> str: ...
    def with_base_rate(self, rate: float) -> Model: ...
    def effect(self, feature: str, values: list[float] | None, reference: str | None) -> Frame: ...
    def text(self, strongest: int) -> str: ...
    @property
    def base(self) -> float: ...

def metric(
    name: str, y: NDArray[np.bool_], p: NDArray[np.float64], weight: NDArray[np.float64] | None = None
) -> float: ...
def evaluate(
    y: NDArray[np.bool_],
    p: NDArray[np.float64],
    weight: NDArray[np.float64] | None = None,
    top: list[int] = ...,
    clusters: list[int] | None = None,
) -> tuple[str, str, Frame, Frame, Frame]: ...
def compare_scores(
    y: NDArray[np.bool_],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    weight: NDArray[np.float64] | None = None,
    top: list[int] = ...,
    clusters: list[int] | None = None,
) -> tuple[str, str, Frame]: ...
def calibration_table(
    y: NDArray[np.bool_],
    p: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    bins: int,
    uniform: bool,
    clusters: list[int] | None = None,
) -> Frame: ...
def lift_table(
    y: NDArray[np.bool_],
    p: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    slices: int,
    clusters: list[int] | None = None,
) -> Frame: ...
def precision_at(y: NDArray[np.bool_], p: NDArray[np.float64], k: int) -> float: ...

_Shown = tuple[list[tuple[str, Frame]], str, str, str]

def attribution(
    journeys: Journeys,
    spec: str,
    spend: tuple[dict[str, tuple[str, Any]], str, str | None] | None = None,
    progress: _Progress | None = None,
) -> _Shown: ...
def barriers(journeys: Journeys, spec: str, progress: _Progress | None = None) -> _Shown: ...
def compare_groups(
    journeys: Journeys,
    spec: str,
    first: str,
    second: str,
    confidence: float,
    progress: _Progress | None = None,
) -> Frame: ...
def compare_rates(first: tuple[float, float], second: tuple[float, float], confidence: float) -> str: ...
def drivers(journeys: Journeys, spec: str, progress: _Progress | None = None) -> _Shown: ...
def funnel(journeys: Journeys, spec: str, progress: _Progress | None = None) -> _Shown: ...
def funnel_leads(journeys: Journeys, spec: str, progress: _Progress | None = None) -> Frame: ...
def paths(journeys: Journeys, spec: str, progress: _Progress | None = None) -> _Shown: ...
def stage_funnel(journeys: Journeys, spec: str, progress: _Progress | None = None) -> _Shown: ...
def time_to(journeys: Journeys, spec: str, progress: _Progress | None = None) -> _Shown: ...
def read_config(path: str | Path) -> tuple[str, Path]: ...
def report_page(
    journeys: Journeys,
    model: Model,
    title: str,
    sections: Sequence[str],
    test: Snapshot | None = None,
    by: str | None = None,
    leads: Snapshot | None = None,
    progress: _Progress | None = None,
) -> str: ...
def replace_file(path: str, text: str) -> None: ...
def run_program(arguments: Sequence[str]) -> int: ...

_Parts = tuple[Any, list[tuple[Any, int]], Any, list[str]]

def fit_logistic(
    parts: _Parts,
    y: NDArray[np.bool_],
    weight: NDArray[np.float64] | None,
    offset: NDArray[np.float64] | None,
    start: NDArray[np.float64] | None,
    options: str,
    progress: _Progress | None = None,
) -> tuple[float, NDArray[np.float64], str]: ...
def predict_logistic(
    parts: _Parts, beta: NDArray[np.float64], offset: NDArray[np.float64] | None, log_odds: bool
) -> NDArray[np.float64]: ...
def infer_logistic(
    parts: _Parts,
    y: NDArray[np.bool_],
    weight: NDArray[np.float64] | None,
    offset: NDArray[np.float64] | None,
    beta: NDArray[np.float64],
    clusters: NDArray[np.uint32] | None,
    options: str,
    asked: str,
    progress: _Progress | None = None,
) -> tuple[str, NDArray[np.float64]]: ...
def validate_logistic(
    parts: _Parts,
    y: NDArray[np.bool_],
    weight: NDArray[np.float64] | None,
    offset: NDArray[np.float64] | None,
    groups: NDArray[np.uint32],
    folds: int,
    cs: list[float],
    choice: str,
    options: str,
    progress: _Progress | None = None,
) -> str: ...
def canonical_text(text: str) -> str: ...
def seen_levels(codes: NDArray[Any], levels: int) -> tuple[NDArray[np.bool_], int]: ...
