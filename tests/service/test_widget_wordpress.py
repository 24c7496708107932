"""The WordPress plugin: PHP reads it, and what it renders is what `dateline embed` prints, escaped."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.widget import FACETS, MODES, load_widgets, snippet

PLUGIN = Path(__file__).parents[2] / "service" / "wordpress" / "dateline"
PHP = shutil.which("php")
SNIPPET = snippet(load_widgets()[0], service="https://archive.example")

needs_php = pytest.mark.skipif(PHP is None, reason="needs php to read the plugin with (Debian: apt install php-cli)")

STAND_IN = r"""
define('ABSPATH', '/'); $options = ['dateline_snippet' => $argv[1]]; $hooks = []; $tags = []; $errors = [];
function get_option($name, $default) { global $options; return $options[$name] ?? $default; }
function add_action($name, $what) { global $hooks; $hooks[$name][] = $what; }
function add_settings_error($a, $b, $c) { global $errors; $errors[] = $c; }
function current_user_can($what) { return true; }
function esc_attr($text) { return htmlspecialchars($text, ENT_QUOTES); }
function esc_html($text) { return htmlspecialchars($text, ENT_QUOTES); }
function esc_url($text) { return htmlspecialchars($text, ENT_QUOTES); }
function esc_url_raw($url, $allowed) {
    return preg_match('/^\s*([a-z][a-z0-9+.-]*):/i', $url, $is) && !in_array(strtolower($is[1]), $allowed) ? '' : $url;
}
function esc_html__($text, $domain) { return esc_html($text); }
function __($text, $domain) { return $text; }
function shortcode_atts($defaults, $given, $name) { return array_intersect_key($given, $defaults) + $defaults; }
function wp_print_script_tag($attributes) { global $tags; $tags[] = $attributes; }
require $argv[2];
$html = dateline_render(json_decode($argv[3], true));
foreach ($hooks['wp_footer'] ?? [] as $hook) { $hook(); $hook(); }
$kept = dateline_sanitize_snippet('<script src="https://evil.example/x.js"></script>');
echo json_encode(['html' => $html, 'scripts' => $tags, 'kept' => $kept, 'errors' => $errors]);
"""
"""As much of WordPress as the plugin needs to render: it escapes as WordPress does."""


def rendered(attributes: dict[str, str], pasted: str = SNIPPET) -> Any:
    """What the plugin makes of a shortcode's attributes."""
    assert PHP
    arguments = [pasted, str(PLUGIN / "dateline.php"), json.dumps(attributes or {"x": ""})]
    done = subprocess.run([PHP, "-r", STAND_IN, "--", *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@needs_php
def test_php_reads_it() -> None:
    """`php -l` finds nothing."""
    assert PHP
    done = subprocess.run([PHP, "-l", str(PLUGIN / "dateline.php")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_php
def test_it_renders_what_embed_prints() -> None:
    """The element, the form without JavaScript, and the script with its hash, once."""
    made = rendered({})
    assert made["scripts"] == [
        {
            "type": "module",
            "src": f"https://archive.example{load_widgets()[0].path}",
            "integrity": load_widgets()[0].integrity,
            "crossorigin": "anonymous",
        }
    ]
    printed = SNIPPET[SNIPPET.index("<dateline-search") :]
    assert re.sub(r"\s+", "", made["html"]) == re.sub(r"\s+", "", printed)


@needs_php
def test_a_sites_snippet_makes_the_sites_search() -> None:
    """What `dateline sites show` prints names its site, in the element and in the form."""
    pasted = snippet(load_widgets()[0], service="https://archive.example", attributes=(("site", "newsroom"),))
    html = rendered({"filter": "topic=markets"}, pasted=pasted)["html"]
    assert ' site="newsroom" ' in html
    assert (
        '<input type="hidden" name="site" value="newsroom"><input type="hidden" name="topic" value="markets">' in html
    )


@needs_php
def test_what_editors_write_is_checked_and_escaped() -> None:
    """Unknown modes and filters are left out, the rest cannot end an attribute."""
    bad = '"><script>alert(1)</script>'
    html = rendered({"mode": bad, "facets": f"region {bad}, date", "filter": f"topic=a+b&x={bad}", "label": bad})[
        "html"
    ]
    assert "<script" not in html
    assert ' mode="results" facets="region date" ' in html
    assert '<input type="hidden" name="topic" value="a b">' in html


@needs_php
@pytest.mark.parametrize("action", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x"])
def test_a_page_of_results_is_no_script(action: str) -> None:
    """Who may write posts, but no scripts, writes none here: a form would run it."""
    assert action not in rendered({"mode": "suggest", "action": action})["html"]
    assert ' action="/search?x=a:b"' in rendered({"mode": "suggest", "action": "/search?x=a:b"})["html"]


@needs_php
def test_what_is_no_snippet_is_not_taken() -> None:
    """Without a snippet a keeper is told where to paste it; anything else that is pasted is refused, and why."""
    made = rendered({}, pasted="")
    assert "Settings &gt; Dateline" in made["html"]
    assert made["scripts"] == []
    made = rendered({})
    assert made["kept"] == SNIPPET
    assert "integrity" in made["errors"][0]


def test_block_and_shortcode_know_the_same_choices() -> None:
    """block.json and dateline.php have the modes, filters and attributes that `dateline embed` has."""
    block = json.loads((PLUGIN / "block.json").read_text(encoding="utf-8"))
    code = (PLUGIN / "dateline.php").read_text(encoding="utf-8")
    constants = {
        name: re.findall(r"'(\w+)'", values) for name, values in re.findall(r"const (\w+) += array\((.*?)\);", code)
    }
    assert tuple(block["attributes"]["mode"]["enum"]) == tuple(constants["DATELINE_MODES"]) == MODES
    assert set(constants["DATELINE_FACETS"]) == set(FACETS)
    shortcode = re.search(r"const DATELINE_ATTRIBUTES = array\((.*?)\n\);", code, re.DOTALL)
    assert shortcode
    assert re.findall(r"'(\w+)' +=>", shortcode[1]) == list(block["attributes"])
