"""Questions that are asked of tables without SQL: forecasts of child rows, and columns to complete."""

from plurel_prob.rfm.rows.questions.columns import Completion, column_question
from plurel_prob.rfm.rows.questions.forecasts import Forecast, Measure, forecast_labels, last_time, question_of_forecast
from plurel_prob.rfm.rows.questions.times import default_window, forecast_rows

__all__ = [
    "Completion",
    "Forecast",
    "Measure",
    "column_question",
    "default_window",
    "forecast_labels",
    "forecast_rows",
    "last_time",
    "question_of_forecast",
]
