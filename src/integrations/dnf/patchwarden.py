"""A plugin of dnf 4 for one call: prints what dnf knows and resolved, a line each, fields separated by tabs:

newer NAME ARCH INSTALLED CANDIDATE SOURCE-RPM REPOSITORY SECURITY   with PATCHWARDEN_NEWER: whatever has a newer version,
excluded NAME ARCH                                                   and what of it is locked or excluded
step ACTION NAME ARCH FROM TO REPOSITORY KIB-TO-FETCH KIB-INSTALLED  what dnf would do, "-" where there is none

and asks the program in PATCHWARDEN_GATE, with the steps on its standard input, before rpm begins: dnf then holds the lock
of the rpm database, and goes on only where that answers 0.
"""

import os
import subprocess

import dnf
import hawkey
from libdnf import transaction as action

COMES = {action.TransactionItemAction_INSTALL: 'install', action.TransactionItemAction_UPGRADE: 'upgrade',
         action.TransactionItemAction_DOWNGRADE: 'downgrade', action.TransactionItemAction_REINSTALL: 'reinstall',
         action.TransactionItemAction_OBSOLETE: 'install'}
GOES = (action.TransactionItemAction_REMOVE, action.TransactionItemAction_OBSOLETED)


class Patchwarden(dnf.Plugin):
    name = 'patchwarden'

    def sack(self):
        if os.environ.get('PATCHWARDEN_NEWER'):
            newer = self.base.sack.query(flags=hawkey.IGNORE_EXCLUDES).upgrades().latest()
            installed = {}
            for package in self.base.sack.query().installed():
                old = installed.get((package.name, package.arch))
                if old is None or package > old:
                    installed[package.name, package.arch] = package
            for package in newer:
                old = installed.get((package.name, package.arch))
                security = old is not None and any(
                    advisory.type == hawkey.ADVISORY_SECURITY for advisory in old.get_advisories(hawkey.GT))
                say('newer', package.name, package.arch, old.evr if old else '-', package.evr,
                    package.sourcerpm or '-', package.reponame, 'security' if security else '-')

    def resolved(self):
        if os.environ.get('PATCHWARDEN_NEWER'):
            free = set(self.base.sack.query().upgrades())
            for package in self.base.sack.query(flags=hawkey.IGNORE_EXCLUDES).upgrades().latest():
                if package not in free:
                    say('excluded', package.name, package.arch)
        for step in self.steps():
            print(step, flush=True)

    def pre_transaction(self):
        gate = os.environ.get('PATCHWARDEN_GATE')
        if gate is None:
            return
        steps = ''.join(step + '\n' for step in self.steps())
        if subprocess.run(['/bin/sh', gate], input=steps.encode(), check=False).returncode != 0:
            raise dnf.exceptions.Error('Patchwarden did not let it begin.')

    def steps(self):
        items = list(self.base.transaction)
        gone = {(item.name, item.arch): item.evr for item in items if item.action not in COMES}
        found = []
        for item in items:
            if item.action in COMES:
                package = item.pkg
                found.append(step(COMES[item.action], item.name, item.arch, gone.get((item.name, item.arch), '-'),
                                  item.evr, package.reponame, package.downloadsize // 1024, package.installsize // 1024))
            elif item.action in GOES:
                found.append(step('remove', item.name, item.arch, item.evr, '-', '-', 0, 0))
        return sorted(found)


def step(*fields):
    return '\t'.join(str(field) for field in ('step', *fields))


def say(*fields):
    print('\t'.join(str(field) for field in fields), flush=True)
