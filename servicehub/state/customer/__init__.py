"""States of the customers' pages: parse, one call, reload, toast. One module a page, each State small and of its own."""
