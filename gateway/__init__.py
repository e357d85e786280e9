"""An open EDI gateway for collective declaration (集中申报) on China's Single Window."""
