"""The similarity matrix: how similar every two clusters are."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="matrix",
    title="Similarity matrix",
    help="how similar every two clusters are",
    view="phygui.views.similarity.view:SimilarityView",
    needs=("features",),
    order=120,
)
