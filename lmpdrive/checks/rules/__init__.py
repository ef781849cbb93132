"""Physics of a configuration and its system: a file for each subject, a public function for each rule."""
