// htmx for the whole page; its settings are a meta element of the desk's frame.
import htmx from "htmx.org";

window.htmx = htmx;
