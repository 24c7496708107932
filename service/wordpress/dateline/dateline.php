<?php
/**
 * Plugin Name:       Dateline
 * Description:       Search of a news archive in pages and posts: the block “Archive search” and the shortcode [dateline].
 * Version:           0.1.0
 * Requires at least: 6.3
 * Requires PHP:      7.4
 * License:           Apache-2.0
 * Text Domain:       dateline
 *
 * What `dateline embed` or `dateline sites show` prints is pasted once into Settings > Dateline; from it come the
 * service's address, the script's version and hash, and the site it is for. Block and shortcode are then rendered here,
 * in PHP, so that a page has a working form without JavaScript. Nothing is stored but that setting, nothing is sent
 * anywhere.
 *
 *   dateline_parse_snippet   the snippet as address, version, hash and site, or null
 *   dateline_render          the HTML of one search; what block and shortcode call
 */

defined( 'ABSPATH' ) || exit;

const DATELINE_OPTION = 'dateline_snippet';
const DATELINE_MODES  = array( 'results', 'suggest', 'dialog' );
const DATELINE_FACETS = array( 'region', 'topic', 'source', 'language', 'date' );

/** Attributes of block and shortcode, with their defaults. */
const DATELINE_ATTRIBUTES = array(
	'mode'   => 'results',
	'facets' => '',
	'filter' => '',
	'action' => '',
	'label'  => '',
);

/**
 * What a snippet says: array( 'service' => …, 'script' => …, 'integrity' => …, 'site' => … ), or null if it is none.
 */
function dateline_parse_snippet( string $snippet ): ?array {
	$script = '~<script[^>]+src="((https?://[^"<>\s]+?)/widget/[0-9a-f]{16}/dateline\.js)"\s+integrity="(sha384-[A-Za-z0-9+/]{64})"~';
	if ( ! preg_match( $script, $snippet, $found ) ) {
		return null;
	}
	preg_match( '~<dateline-search[^>]* site="([a-z0-9-]+)"~', $snippet, $site );
	return array(
		'service'   => html_entity_decode( $found[2], ENT_QUOTES ),
		'script'    => html_entity_decode( $found[1], ENT_QUOTES ),
		'integrity' => $found[3],
		'site'      => $site[1] ?? '',
	);
}

/** The HTML of a search; what an editor chose is checked, and escaped. */
function dateline_render( $attributes ): string {
	$widget = dateline_parse_snippet( (string) get_option( DATELINE_OPTION, '' ) );
	if ( null === $widget ) {
		return current_user_can( 'manage_options' )
			? '<p>' . esc_html__( 'Paste what “dateline embed” prints into Settings > Dateline.', 'dateline' ) . '</p>'
			: '';
	}
	$chosen = shortcode_atts( DATELINE_ATTRIBUTES, (array) $attributes, 'dateline' );
	$facets = array_intersect( DATELINE_FACETS, preg_split( '/[\s,]+/', (string) $chosen['facets'] ) );
	$label  = $chosen['label'] ? $chosen['label'] : __( 'Search the archive', 'dateline' );
	$named  = array(
		'src'    => $widget['service'],
		'mode'   => in_array( $chosen['mode'], DATELINE_MODES, true ) ? $chosen['mode'] : 'results',
		'facets' => implode( ' ', $facets ),
		'site'   => $widget['site'],
		'filter' => $chosen['filter'],
		'action' => esc_url_raw( $chosen['action'], array( 'http', 'https' ) ), // a script is no page of results
		'label'  => $chosen['label'],
	);
	$html   = '<dateline-search';
	foreach ( array_filter( $named ) as $name => $value ) {
		$html .= sprintf( ' %s="%s"', $name, esc_attr( $value ) );
	}
	$html .= sprintf( '><form action="%s" role="search">', esc_url( $widget['service'] . '/' ) );
	$asked = ( $widget['site'] ? 'site=' . $widget['site'] . '&' : '' ) . $chosen['filter'];
	foreach ( array_filter( explode( '&', $asked ) ) as $pair ) {
		list( $name, $value ) = array_map( 'urldecode', explode( '=', $pair . '=' ) );
		$html                .= sprintf( '<input type="hidden" name="%s" value="%s">', esc_attr( $name ), esc_attr( $value ) );
	}
	$html .= sprintf(
		'<label>%s <input type="search" name="q" maxlength="256"></label> <button>%s</button></form></dateline-search>',
		esc_html( $label ),
		esc_html__( 'Search', 'dateline' )
	);
	add_action( 'wp_footer', 'dateline_print_script' );
	return $html;
}

/** The script, once on a page that has a search. */
function dateline_print_script(): void {
	static $is_printed = false;
	$widget            = dateline_parse_snippet( (string) get_option( DATELINE_OPTION, '' ) );
	if ( $is_printed || null === $widget ) {
		return;
	}
	$is_printed = true;
	wp_print_script_tag(
		array(
			'type'        => 'module',
			'src'         => $widget['script'],
			'integrity'   => $widget['integrity'],
			'crossorigin' => 'anonymous',
		)
	);
}

/** What is kept of a pasted snippet: what it was if the new one is none, and why. */
function dateline_sanitize_snippet( $snippet ): string {
	$snippet = trim( (string) $snippet );
	if ( '' === $snippet || null !== dateline_parse_snippet( $snippet ) ) {
		return $snippet;
	}
	add_settings_error(
		DATELINE_OPTION,
		'dateline-no-snippet',
		__( 'This is not what “dateline embed” prints: it must hold the script with its integrity. Nothing was changed.', 'dateline' )
	);
	return (string) get_option( DATELINE_OPTION, '' );
}

/** Settings > Dateline. */
function dateline_settings_page(): void {
	echo '<div class="wrap"><h1>Dateline</h1><form method="post" action="options.php">';
	settings_fields( 'dateline' );
	printf(
		'<p><label for="dateline-snippet">%s</label></p><textarea id="dateline-snippet" name="%s" rows="9" class="large-text code">%s</textarea>',
		esc_html__( 'On the archive’s server, run “dateline embed”, and paste what it prints:', 'dateline' ),
		esc_attr( DATELINE_OPTION ),
		esc_textarea( (string) get_option( DATELINE_OPTION, '' ) )
	);
	submit_button();
	echo '</form></div>';
}

add_action(
	'init',
	function (): void {
		add_shortcode( 'dateline', 'dateline_render' );
		wp_register_script(
			'dateline-editor',
			plugins_url( 'editor.js', __FILE__ ),
			array( 'wp-blocks', 'wp-block-editor', 'wp-components', 'wp-element', 'wp-i18n' ),
			'0.1.0',
			true
		);
		register_block_type( __DIR__, array( 'render_callback' => 'dateline_render' ) );
	}
);
add_action(
	'admin_init',
	function (): void {
		register_setting( 'dateline', DATELINE_OPTION, array( 'sanitize_callback' => 'dateline_sanitize_snippet' ) );
	}
);
add_action(
	'admin_menu',
	function (): void {
		add_options_page( 'Dateline', 'Dateline', 'manage_options', 'dateline', 'dateline_settings_page' );
	}
);
