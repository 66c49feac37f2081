"""Datasets on the Hugging Face Hub: sources that are downloaded, and results that are uploaded
(docs/hub.md). Only this package imports huggingface_hub, and only when it is asked for something
on the Hub."""
