package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// collectFiles reads what assetPaths and archivePaths name, below the command's own directory.
func (s *CommandState) collectFiles(dir string) error {
	if s.AssetPaths != nil {
		assets, err := matchingFiles(dir, *s.AssetPaths)
		if err != nil {
			return err
		}
		s.Assets = &assets
	}
	if s.ArchivePaths == nil {
		return nil
	}
	files, err := matchingFiles(dir, *s.ArchivePaths)
	if err != nil {
		return err
	}
	members := make(map[string]any, len(files))
	for name, asset := range files {
		members[name] = asset
	}
	s.Archive, err = resource.NewAssetArchive(members)
	return err
}

// matchingFiles goes through the patterns in order for each file: the last that matches decides, and
// one that begins with "!" takes the file out again. "*" stops at "/", "**" does not.
func matchingFiles(dir string, patterns []string) (map[string]*resource.Asset, error) {
	rules := make([]glob.Glob, len(patterns))
	for i, pattern := range patterns {
		rule, err := glob.Compile(strings.TrimPrefix(pattern, "!"), '/')
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		rules[i] = rule
	}
	assets := map[string]*resource.Asset{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		wanted := false
		for i, rule := range rules {
			if rule.Match(name) {
				wanted = !strings.HasPrefix(patterns[i], "!")
			}
		}
		if wanted {
			assets[name], err = resource.NewPathAsset(filepath.Join(dir, name))
		}
		return err
	})
	return assets, err
}
