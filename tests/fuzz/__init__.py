"""Fuzzing (A11): requests that nobody thought of, made from the OpenAPI document, over HTTP.

It attacks every operation of the running platform with requests that schemathesis makes from the
document that the platform publishes: such as fit it, such as do not, chains of them along its
links, and, beside what a document can say, requests with a field that nobody knows or a body that
is no JSON.  They name things that exist and come from people who may ask, so that they get past
the front door; some come from people who may not.  Each answer is judged: no 5xx, nothing but
what the document promises, no 2xx to what does not fit it, and each refusal a problem document
with its code and, at 400, the path of the field.  The count is of requests sent and judged; the
seed of a run is printed, and `LINLI_SEED=` replays it.
"""
