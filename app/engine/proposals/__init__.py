"""Memory edits that code proposes for models which do not edit by themselves: found in what the person says."""
