"""Building blocks of our dashboards: panels of one look, queries bound to the run that is chosen. Decides no content.

May import: grafana-foundation-sdk. Used by `generate.py`; not part of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as heat
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

#: The uid that the provisioned data source has; in the dashboards it is only the default of a variable.
PROMETHEUS_UID = "demogen-prometheus"
DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")

#: Width of a row.
FULL = 24


def of_run(vector: str) -> str:
    """Only while the chosen run is there: ids are labels of `demogen_run_info` and of nothing else."""
    return f'({vector}) and on (job, instance) demogen_run_info{{run_id=~"$run"}}'


def rate(metric: str, *selectors: str) -> str:
    """Increase a second of a counter, of the chosen run."""
    return of_run(f"rate({metric}{{{','.join(selectors)}}}[$__rate_interval])")


def quantile(share: float, histogram: str, *selectors: str) -> str:
    """A percentile of a histogram, of the chosen run, over everything the selectors leave."""
    return f"histogram_quantile({share:g}, sum by (le) ({rate(histogram + '_bucket', *selectors)}))"


def lines(
    title: str,
    queries: Mapping[str, str],
    *,
    unit: str,
    says: str,
    width: int = 8,
    stacked: bool = False,
    signed: bool = False,
) -> timeseries.Panel:
    """Lines over time: legend → query. What is stacked is filled too; what is `signed` may be below zero."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(says)
        .unit(unit)
        .span(width)
        .height(8)
        .datasource(DATASOURCE)
        .line_width(1)
        .fill_opacity(40 if stacked else 5)
        .show_points(looks.VisibilityMode.NEVER)
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING))
        .legend(
            common.VizLegendOptions()
            .display_mode(looks.LegendDisplayMode.TABLE)
            .placement(looks.LegendPlacement.BOTTOM)
            .calcs(["lastNotNull", "max"])
            .show_legend(True)
        )
    )
    if not signed:
        panel = panel.min(0)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))
    for letter, (legend, query) in zip("ABCDEFGH", queries.items(), strict=False):
        panel = panel.with_target(_query(query, letter).legend_format(legend).range())
    return panel


def figure(
    title: str,
    query: str,
    *,
    says: str,
    unit: str = "short",
    legend: str = "",
    words: Mapping[str, tuple[str, str]] | None = None,
    steps: Sequence[tuple[float | None, str]] = ((None, "blue"),),
    name_only: bool = False,
    width: int = 4,
) -> stat.Panel:
    """One figure, or one word: `words` maps a value to (word, colour); `steps` are (from, colour)."""
    thresholds = dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE)
    panel = (
        stat.Panel()
        .title(title)
        .description(says)
        .unit(unit)
        .span(width)
        .height(4)
        .datasource(DATASOURCE)
        .thresholds(thresholds.steps([model.Threshold(value=at, color=colour) for at, colour in steps]))
        .color_mode(looks.BigValueColorMode.BACKGROUND if words else looks.BigValueColorMode.VALUE)
        .graph_mode(looks.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .text_mode(looks.BigValueTextMode.NAME if name_only else looks.BigValueTextMode.VALUE)
        .with_target(_query(query, "A").legend_format(legend).range())
    )
    if words:
        options = {
            value: model.ValueMappingResult(text=word, color=colour, index=index)
            for index, (value, (word, colour)) in enumerate(words.items())
        }
        panel = panel.mappings([model.ValueMap(options=options)])
    return panel


def heat_map(title: str, query: str, *, says: str, width: int = 12) -> heatmap.Panel:
    """A histogram over time; the query keeps `le`."""
    return (
        heatmap.Panel()
        .title(title)
        .description(says)
        .unit("s")
        .span(width)
        .height(8)
        .datasource(DATASOURCE)
        .calculate(False)
        .color(heatmap.HeatmapColorOptions().mode(heat.HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
        .y_axis(heatmap.YAxisConfig().unit("s"))
        .with_target(_query(query, "A").legend_format("{{le}}").format(PromQueryFormat.HEATMAP).range())
    )


def row(title: str) -> dashboard.Row:
    return dashboard.Row(title)


def choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """A variable of label values: several may be chosen, all at first."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text="All", value="$__all"))
    )


def data_source() -> dashboard.DatasourceVariable:
    return (
        dashboard.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(model.VariableOption(selected=True, text="Prometheus", value=PROMETHEUS_UID))
    )


class Titled(model.AnnotationQuery):
    """The typed model does not know an annotation's title, tags and step."""

    title = ""

    def to_json(self) -> dict[str, object]:
        told: dict[str, object] = super().to_json()
        return told | {"titleFormat": self.title, "textFormat": "", "tagKeys": "job", "step": "5s"}


class Mark(Builder[model.AnnotationQuery]):
    """An annotation that Prometheus answers: drawn wherever the query has a sample."""

    def __init__(self, name: str, expr: str, *, title: str, colour: str) -> None:
        self._built = Titled(name=name, datasource=DATASOURCE, enable=True, hide=False, icon_color=colour, expr=expr)
        self._built.title = title

    def build(self) -> model.AnnotationQuery:
        return self._built


def _query(expr: str, letter: str) -> Any:
    return prometheus.Dataquery().expr(expr).ref_id(letter).datasource(DATASOURCE)
