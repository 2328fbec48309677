"""A fitted line in other languages: torch, SQL, ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gradline.data.columns.design import Design
from gradline.data.columns.formula import Formula
from gradline.data.columns.kinds import Kind
from gradline.data.columns.terms import Column, Terms
from gradline.errors import DataError, MissingExtraError
from gradline.estimators.rows import feature_names
from gradline.solution import Array

ONNX_OPSET = 13  # of 2020: every runtime reads it


class Exported:
    """Writes a fitted line, or polynomial of one column, for other programs."""

    coef_: Array
    intercept_: float
    _design: Design | None
    _fitted_intercept: bool
    _fitted_degree: int

    def to_torch(self) -> Any:
        """The fitted line as an `nn.Linear(n_features, 1)` of float64, to start or to end a network with.

        Raises
        ------
        DataError
            For a polynomial, which is no linear layer of its one column.
        MissingExtraError
            Where torch is not installed.

        Examples
        --------
        >>> from gradline import LinearRegression
        >>> LinearRegression().fit([[1.0], [2.0], [4.0]], [3.0, 5.0, 9.0]).to_torch()
        Linear(in_features=1, out_features=1, bias=True)
        """
        check_is_fitted(self)
        if self._fitted_degree > 1:
            raise DataError(
                f"a polynomial of degree {self._fitted_degree} is no nn.Linear of its column",
                hint="to_sql() writes it out; or fit the powers as columns",
            )
        return torch_layer(self.coef_, self.intercept_ if self._fitted_intercept else None)

    def to_sql(self) -> str:
        """The prediction as an expression of standard SQL, its columns quoted: `SELECT <this> FROM houses`.

        A category is a CASE of its levels; one that the fit never met makes the prediction NULL. A database adds in the
        order written, in float64; the last digits may differ from `predict`.

        Examples
        --------
        >>> from gradline import LinearRegression
        >>> LinearRegression(precision="exact").fit([[1.0], [2.0], [4.0]], [5.0, 7.0, 11.0]).to_sql()
        '3.0E0 + 2.0E0 * "x0"'
        """
        check_is_fitted(self)
        design = self._design or Terms(tuple(map(Column, feature_names(self))))
        return sql_expression(design, self.coef_, self.intercept_, degree=self._fitted_degree)

    def to_onnx(self) -> Any:
        """The prediction as an ONNX model of float64, to be written with `onnx.save` and run by any runtime.

        Its input "X" is `(rows, n_features_in_)` double, in the order of `feature_names_in_` (of a category: one 0/1
        column for each level but its reference); its output "prediction" is (rows, 1) double.

        Raises
        ------
        MissingExtraError
            Where onnx is not installed.

        Examples
        --------
        >>> from gradline import LinearRegression
        >>> model = LinearRegression().fit([[1.0], [2.0], [4.0]], [3.0, 5.0, 9.0]).to_onnx()
        >>> [output.name for output in model.graph.output]
        ['prediction']
        """
        check_is_fitted(self)
        return onnx_model(feature_names(self), self.coef_, self.intercept_, degree=self._fitted_degree)


def torch_layer(coef: Array, intercept: float | None) -> Any:
    """y = x w + b as an `nn.Linear` of float64, in evaluation mode; without a bias where `intercept` is None."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError("to_torch()", "torch") from None

    layer = torch.nn.Linear(len(coef), 1, bias=intercept is not None, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(coef, dtype=torch.float64)[None])
        if intercept is not None:
            layer.bias.fill_(intercept)
    return layer.eval()


def onnx_model(names: Sequence[str], coef: Array, intercept: float, *, degree: int = 1) -> Any:
    """The line, or the polynomial of the one column by Horner's rule, as an ONNX model of float64.

    Its input "X" is (rows, features) double, in the order of `names`, which its metadata repeat; its output
    "prediction" is (rows, 1) double.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError:
        raise MissingExtraError("to_onnx()", "onnx") from None

    def constant(name: str, values: Array) -> Any:
        return numpy_helper.from_array(np.asarray(values, dtype=np.float64), name)

    double = onnx.TensorProto.DOUBLE
    if degree == 1:
        numbers = [constant("coefficients", coef[:, None]), constant("intercept", np.array([intercept]))]
        nodes = [
            helper.make_node("MatMul", ["X", "coefficients"], ["sum"]),
            helper.make_node("Add", ["sum", "intercept"], ["prediction"]),
        ]
    else:
        numbers = [constant(f"c{k}", np.array([number])) for k, number in enumerate((intercept, *coef))]
        nodes, value = [], f"c{degree}"
        for k in range(degree - 1, -1, -1):
            nodes.append(helper.make_node("Mul", [value, "X"], [f"product{k}"]))
            value = "prediction" if k == 0 else f"value{k}"
            nodes.append(helper.make_node("Add", [f"product{k}", f"c{k}"], [value]))
    graph = helper.make_graph(
        nodes,
        "gradline",
        [helper.make_tensor_value_info("X", double, [None, len(names)])],
        [helper.make_tensor_value_info("prediction", double, [None, 1])],
        numbers,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", ONNX_OPSET)], ir_version=8, producer_name="gradline"
    )
    helper.set_model_props(model, {"features": "\n".join(names)})
    onnx.checker.check_model(model)
    return model


def sql_expression(design: Design, coef: Array, intercept: float, *, degree: int = 1) -> str:
    """The line, or the polynomial of the one column by Horner's rule, as an expression of standard SQL.

    Numbers are in the notation with an exponent: that of doubles, where plain decimals are fixed-point and may
    overflow or be cut. A level that the fit never met makes the whole NULL.

    Raises
    ------
    DataError
        Where SQL has no one way to say it: dates and times as numbers, a formula.

    Examples
    --------
    >>> print(sql_expression(Terms((Column("sqft"), Column('tall "rooms" '))), np.array([1.5, -200.0]), 20000.0))
    20000.0E0 + 1.5E0 * "sqft" - 200.0E0 * "tall ""rooms"" "
    >>> print(sql_expression(Terms((Column("x"),)), np.array([3.0, -1.0]), 5.0, degree=2))
    5.0E0 + (3.0E0 + -1.0E0 * "x") * "x"
    >>> city = Column("city", Kind.TEXT, is_category=True, levels=("Bonn", "Oslo"))
    >>> print(sql_expression(Terms((city,)), np.array([7.0]), 5.0))
    5.0E0 + CASE "city" WHEN 'Bonn' THEN 0.0E0 WHEN 'Oslo' THEN 7.0E0 END
    """
    if isinstance(design, Formula):
        raise DataError(f"the formula {design.text!r} has no form in SQL", hint="predict writes a table of predictions")
    if degree > 1:
        name = _quoted(design.columns[0].name)
        expression = _double(coef[-1])
        for number in [*coef[-2::-1], intercept]:
            expression = f"({_double(number)} + {expression} * {name})"
        return expression[1:-1]
    expression, place = _double(intercept), 0
    for column in design.columns:
        own = coef[place : place + len(column.names)]
        place += len(column.names)
        expression += _term(column, own)
    return expression


def _term(column: Column, coef: Array) -> str:
    name = _quoted(column.name)
    if column.is_category:
        numbers = dict(zip(column.other_levels, coef, strict=True))
        cases = (
            f"WHEN {_level(column, level)} THEN {_double(numbers.get(level, 0.0))}" for level in column.levels or ()
        )
        return f" + CASE {name} {' '.join(cases)} END"
    if column.kind is Kind.BOOLEAN:
        name = f"CASE WHEN {name} THEN 1.0E0 WHEN NOT {name} THEN 0.0E0 END"
    elif column.kind.unit:
        raise DataError(
            f"{column.name!r} is a {column.kind.value}, taken in {column.kind.unit}: each database says that otherwise",
            hint="keep it as a number in the table that is fitted",
        )
    return f" {'-' if coef[0] < 0 else '+'} {_double(abs(coef[0]))} * {name}"


def _level(column: Column, level: str) -> str:
    return _double(float(level)) if column.kind.is_numeric else "'" + level.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    if "\0" in name:
        raise DataError(f"the column {name!r} holds a zero byte, which no SQL can name", hint="rename the column")
    return '"' + name.replace('"', '""') + '"'


def _double(number: float) -> str:
    text = repr(float(number)).upper()
    return text if "E" in text else f"{text}E0"
