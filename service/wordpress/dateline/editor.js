/* The block in the editor: what can be chosen at the side, and a word in place of the search. The page itself is rendered
   in PHP (dateline.php). No build step: WordPress's own packages are globals. */
(({ blocks, blockEditor, components, element, i18n }) => {
  const { createElement } = element;
  const { __ } = i18n;
  const fields = [
    ["facets", __("Filters: region topic source language date", "dateline")],
    ["filter", __("Only these articles, such as topic=markets", "dateline")],
    ["action", __("Mode “suggest”: your page of results, such as /search", "dateline")],
    ["label", __("What it is called", "dateline")],
  ];
  blocks.registerBlockType("dateline/search", {
    edit({ attributes, setAttributes }) {
      const set = (name) => (value) => setAttributes({ [name]: value });
      const modes = ["results", "suggest", "dialog"].map((value) => ({ value, label: value }));
      return createElement(
        "div",
        blockEditor.useBlockProps(),
        createElement(
          blockEditor.InspectorControls,
          null,
          createElement(
            components.PanelBody,
            { title: "Dateline" },
            createElement(components.SelectControl, {
              label: __("Mode", "dateline"), value: attributes.mode, options: modes, onChange: set("mode"),
            }),
            ...fields.map(([name, label]) =>
              createElement(components.TextControl, { key: name, label, value: attributes[name], onChange: set(name) }),
            ),
          ),
        ),
        createElement("p", null, attributes.label || __("Search the archive", "dateline")),
      );
    },
    save: () => null,
  });
})(window.wp);
