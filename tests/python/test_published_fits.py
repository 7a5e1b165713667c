"""Fits that others have published, on data that is not in the project."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

import leadlens as ll

PUBLISHED_LOG_LIKELIHOOD = -2714.0


def test_x_education_fourteen_terms(shared):
    """All 15 coefficients and the log-likelihood of a published binomial GLM, to the digits that were printed.

    Its preparation was found by trying: missing visits are the median and capped at the 99th percentile, a missing last
    activity is the most frequent one, activities after the seventh are one group, both numbers are standardised on the
    training rows.
    """
    folder = shared("x_education_leads")
    table = pd.read_csv(folder / "Leads.csv.gz")
    published = pd.read_csv(folder / "published_logit_coefs_arunadurai.csv")
    published = dict(zip(published["term"].str.strip(), published["coef"], strict=True))
    visits = table["TotalVisits"].fillna(table["TotalVisits"].median())
    activity = table["Last Activity"]
    frequent = activity.value_counts().index
    activity = activity.fillna(frequent[0])
    activity = activity.where(activity.isin(frequent[:7]), "Others")
    origin, source = table["Lead Origin"], table["Lead Source"]
    columns = {
        "Last Activity_Email Bounced": activity == "Email Bounced",
        "Lead Source_Reference": source == "Reference",
        "Specialization_Not Specified": table["Specialization"].isna() | (table["Specialization"] == "Select"),
        "Lead Origin_Landing Page Submission": origin == "Landing Page Submission",
        "Last Activity_Olark Chat Conversation": activity == "Olark Chat Conversation",
        "Free Copy": table["A free copy of Mastering The Interview"] == "Yes",
        "TotalVisits": visits.clip(upper=visits.quantile(0.99)),
        "Last Activity_Others": activity == "Others",
        "Last Activity_Email Opened": activity == "Email Opened",
        "Time Spent": table["Total Time Spent on Website"],
        "Lead Source_Olark Chat": source == "Olark Chat",
        "Last Activity_SMS Sent": activity == "SMS Sent",
        "Current Occupation_Working Professional": table["What is your current occupation"] == "Working Professional",
        "Lead Origin_Lead Add Form": origin == "Lead Add Form",
    }
    rows, _ = train_test_split(np.arange(len(table)), train_size=0.7, test_size=0.3, random_state=100)
    x = pd.DataFrame(columns).astype(float).iloc[rows]
    y = table["Converted"].to_numpy()[rows]
    assert len(x) == 6468
    for name in ("TotalVisits", "Time Spent"):
        x[name] = (x[name] - x[name].mean()) / x[name].std(ddof=0)
    model = ll.LogisticRegression(np.inf).fit(x, y)
    # Four decimals were published.
    for name, coefficient in zip(x.columns, model.coef_[0], strict=True):
        assert coefficient == pytest.approx(published[name], abs=5.1e-5), name
    assert model.intercept_[0] == pytest.approx(published["const"], abs=5.1e-5)
    inference = model.inference(x, y)
    assert inference.log_likelihood == pytest.approx(PUBLISHED_LOG_LIKELIHOOD, abs=0.05)
    errors = dict(zip(["const", *x.columns], np.sqrt(np.diag(inference.covariance)), strict=True))
    assert errors["Time Spent"] == pytest.approx(0.039, abs=5e-4)
    assert errors["Lead Origin_Lead Add Form"] == pytest.approx(0.379, abs=5e-4)
