"""Modules that are imported in between."""


def warm():
    import json

    json.dumps({})


def grow():
    import csv
    import decimal
    import email.mime.multipart
    import html.entities
    import sqlite3
    import unittest.mock
    import xml.etree.ElementTree

    decimal.Decimal("1.5")
    xml.etree.ElementTree.fromstring("<a/>")
    csv.writer
    sqlite3.connect(":memory:").close()
    email.mime.multipart.MIMEMultipart().as_string()
    html.entities.html5
    unittest.mock.Mock()
