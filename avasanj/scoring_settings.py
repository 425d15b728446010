"""The settings of scoring: the language model that may help with questions, where a center has one; limits of disputes."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ScoringSettings(BaseSettings):
    """The part of `Settings` that is about scorecards and what people do with them."""

    # A language model, which is never needed
    language_model_url: str | None = Field(
        None,
        description="Address of a server that speaks OpenAI's chat protocol, up to /v1; the words of calls go there. Unset: none.",
    )
    language_model: str = Field("default", description="Name of the model at that address.")
    language_model_key: SecretStr | None = Field(None, description="Key that the address asks for, if it does.")
    language_model_timeout_s: float = Field(
        60.0, gt=0, le=600, description="How long an answer may take; then the question is left to a person."
    )

    # Figures over many evaluations
    ranking_least_calls: int = Field(
        20,
        ge=2,
        le=1000,
        description="Evaluated calls below which nobody is ranked; agreement with people too is judged from here.",
    )

    # Agents' objections to their evaluations
    dispute_window_days: float = Field(
        14.0,
        gt=0,
        le=365,
        description="Days within which an agent can dispute an evaluation, from when it came to stand.",
    )
    dispute_open_at_most: int = Field(
        5, ge=1, le=100, description="Disputes that one agent can have open at the same time."
    )
    dispute_decide_within_days: float = Field(
        7.0, gt=0, le=365, description="Days within which a dispute is to be decided; after that it has expired."
    )
