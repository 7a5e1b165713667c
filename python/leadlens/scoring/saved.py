"""Saved scorers."""

from __future__ import annotations

from pathlib import Path

from .. import _core
from .._arguments import file_path
from .scorer import LeadScorer

__all__ = ["load"]


def load(path: str | Path) -> LeadScorer:
    """Read a model that :meth:`LeadScorer.save` or the command line wrote.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    LeadScorer
        The fitted scorer. Its parameters ``C``, ``l1_ratio`` and ``solver`` are those of the file, which does not
        contain the others.

    Raises
    ------
    ModelFormatError
        The file is incomplete, damaged, or of another format version.
    MissingFileError
        The file does not exist.

    See Also
    --------
    LeadScorer.save : Write a model.

    Examples
    --------
    >>> import tempfile
    >>> import leadlens as ll
    >>> path = tempfile.mkdtemp() + "/model.json"
    >>> ll.LeadScorer(C=0.01).fit(ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")).save(path)
    >>> ll.load(path).C
    0.01
    """
    scorer = LeadScorer()
    scorer.model_ = _core.Model.load(file_path(path, "path"))
    facts = scorer.training_
    scorer.l1_ratio, scorer.solver = facts["l1_ratio"], facts["solver"]
    if facts["c"] is not None:
        scorer.C = facts["c"] if facts["validation"] is None else "cv"
    return scorer
